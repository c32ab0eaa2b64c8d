import { expect, it } from 'vitest'
import { countCodePoints, dropCodePoints } from './codePoints'
import { crc32 } from './crc32'

it('is the CRC-32 of the UTF-8 bytes, eight lower-case hex digits', () => {
  expect(crc32('123456789')).toBe('cbf43926')
  expect(crc32('')).toBe('00000000')
  expect(crc32('é😀')).toBe('7f805a06')
})

it('counts and drops code points', () => {
  expect(countCodePoints('a😀é')).toBe(3)
  expect(dropCodePoints('a😀é', 2)).toBe('é')
  expect(dropCodePoints('ab', 5)).toBe('')
})
