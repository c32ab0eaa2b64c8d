import {
  defaultRangeExtractor,
  elementScroll,
  type Range,
  useVirtualizer,
  type VirtualItem,
} from '@tanstack/react-virtual'
import { type RefObject, useCallback, useEffect, useLayoutEffect, useRef, useState } from 'react'
import { useKeptRows } from './useKeptRows'

const REPIN_WITHIN = 70
const JUMP_BEYOND = 200
const JUMP_UNDER = 60
const AT_END = 1
const TOP = 56
const NEVER = -1
const UPWARD = new Set(['PageUp', 'Home', 'ArrowUp'])

export interface StickyList {
  readonly scroller: RefObject<HTMLDivElement | null>
  readonly items: readonly VirtualItem[]
  readonly height: number
  /** The height of a row as it was last measured. */
  readonly heightOf: (index: number) => number
  readonly measure: (element: HTMLElement | null) => void
  /** Rows that stay drawn wherever the view is, by their keys. */
  readonly kept: RefObject<ReadonlySet<string>>
  readonly detached: boolean
  readonly jump: () => void
  /** Brings a row into the middle of the view, where it stays. */
  readonly show: (index: number) => void
}

/**
 * A virtual list that follows its end until the person scrolls away. `sentAt`: when they last sent something from here;
 * 0 for never. `expected`: the height of a row that was never drawn. There is one owner of scrolling: what the
 * virtualizer writes is noted, and any other movement is the person's, who wins in the same frame.
 */
export function useStickyList(
  keys: readonly string[],
  sentAt: number,
  expected: (index: number) => number,
): StickyList {
  const scroller = useRef<HTMLDivElement>(null)
  const kept = useKeptRows(scroller, keys)
  const pinned = useRef(true)
  const written = useRef(Number.NaN)
  const [detached, setDetached] = useState(false)

  const list = useVirtualizer<HTMLDivElement, HTMLElement>({
    count: keys.length,
    getScrollElement: () => scroller.current,
    getItemKey: useCallback((index: number) => keys[index] ?? index, [keys]),
    estimateSize: expected,
    overscan: 4,
    rangeExtractor: useCallback(
      (range: Range) => withKept(range, keys, kept.current),
      [keys, kept],
    ),
    paddingStart: TOP,
    paddingEnd: 24,
    anchorTo: 'end',
    followOnAppend: true,
    // Below zero nothing counts as the end, so nothing is followed.
    scrollEndThreshold: pinned.current ? REPIN_WITHIN : NEVER,
    scrollToFn: (offset, options, instance) => {
      elementScroll(offset, options, instance)
      // Not what was asked for: beyond either end the browser stops there.
      written.current = instance.scrollElement?.scrollTop ?? Number.NaN
    },
  })

  const pin = useCallback(
    (on: boolean) => {
      pinned.current = on
      // At once, not with the next drawing: the next piece of text may come before it.
      list.options.scrollEndThreshold = on ? REPIN_WITHIN : NEVER
    },
    [list],
  )
  usePersonScrolling(scroller, written, pin, setDetached)

  const drawn = keys.length > 0
  const followed = useRef(Number.NEGATIVE_INFINITY)
  useLayoutEffect(() => {
    // What the person sends from here is followed wherever they were; a chat that opens, opens at its end.
    if (!drawn || sentAt <= followed.current) return
    followed.current = sentAt
    pin(true)
    setDetached(false)
    list.scrollToEnd()
  }, [drawn, sentAt, list, pin])

  const jump = useCallback(() => {
    pin(true)
    setDetached(false)
    list.scrollToEnd()
    scroller.current?.focus({ preventScroll: true })
  }, [list, pin])

  const show = useCallback(
    (index: number) => {
      pin(false)
      list.scrollToIndex(index, { align: 'center' })
    },
    [list, pin],
  )

  return {
    scroller,
    items: list.getVirtualItems(),
    height: list.getTotalSize(),
    heightOf: useCallback((index: number) => list.measurementsCache[index]?.size ?? 0, [list]),
    measure: list.measureElement,
    kept,
    detached,
    jump,
    show,
  }
}

function withKept(range: Range, keys: readonly string[], kept: ReadonlySet<string>): number[] {
  const drawn = defaultRangeExtractor(range)
  if (kept.size === 0) return drawn
  const others = [...kept].map((key) => keys.indexOf(key)).filter((index) => index >= 0)
  return [...new Set([...drawn, ...others])].sort((a, b) => a - b)
}

function usePersonScrolling(
  scroller: RefObject<HTMLDivElement | null>,
  written: RefObject<number>,
  pin: (on: boolean) => void,
  setDetached: (detached: boolean) => void,
): void {
  useEffect(() => {
    const element = scroller.current
    if (!element) return
    let top = element.scrollTop
    const unpin = () => pin(false)
    const onWheel = (event: WheelEvent) => event.deltaY < 0 && unpin()
    const onKey = (event: KeyboardEvent) => UPWARD.has(event.key) && unpin()
    const onSelect = () => selects(element) && unpin()
    const onScroll = () => {
      const rest = element.scrollHeight - element.clientHeight - element.scrollTop
      const ours = Math.abs(element.scrollTop - written.current) < 2
      // Who is still at the end has not left it: the list got shorter, as when a new attempt replaces an answer.
      if (!ours && element.scrollTop < top && rest > AT_END) unpin()
      if (!ours && element.scrollTop > top && rest <= REPIN_WITHIN && !selects(element)) pin(true)
      top = element.scrollTop
      if (rest > JUMP_BEYOND) setDetached(true)
      else if (rest < JUMP_UNDER) setDetached(false)
    }
    element.addEventListener('wheel', onWheel, { passive: true })
    element.addEventListener('touchmove', unpin, { passive: true })
    element.addEventListener('keydown', onKey)
    element.addEventListener('scroll', onScroll, { passive: true })
    document.addEventListener('selectionchange', onSelect)
    return () => {
      element.removeEventListener('wheel', onWheel)
      element.removeEventListener('touchmove', unpin)
      element.removeEventListener('keydown', onKey)
      element.removeEventListener('scroll', onScroll)
      document.removeEventListener('selectionchange', onSelect)
    }
  }, [scroller, written, pin, setDetached])
}

function selects(element: HTMLElement): boolean {
  const selection = document.getSelection()
  return selection !== null && !selection.isCollapsed && element.contains(selection.anchorNode)
}
