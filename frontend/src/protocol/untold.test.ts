import { expect, it } from 'vitest'
import { untold } from './untold'

const fault = (text: string) => ({ of: { text }, text })

it('each fault is told once, however often and wherever it is seen', () => {
  const [one, other] = [fault('one'), fault('other')]
  expect(untold([one])).toEqual(['one'])
  expect(untold([one, other])).toEqual(['other'])
  expect(untold([])).toEqual([])
  expect(untold([{ ...other }, { ...one }])).toEqual([])
})

it('a fault that comes again is told again', () => {
  expect(untold([fault('no')])).toEqual(['no'])
  expect(untold([fault('no')])).toEqual(['no'])
})
