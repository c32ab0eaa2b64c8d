import { useState } from 'react'

interface Action {
  readonly running: boolean
  /** Why it failed the last time, in words for the person. */
  readonly problem: string | null
  run(work: () => Promise<void>): void
}

/** One thing at a time that takes a moment and may fail. */
export function useAction(): Action {
  const [running, setRunning] = useState(false)
  const [problem, setProblem] = useState<string | null>(null)
  const run = (work: () => Promise<void>) => {
    if (running) return
    setRunning(true)
    setProblem(null)
    work()
      .catch((error: Error) => setProblem(error.message))
      .finally(() => setRunning(false))
  }
  return { running, problem, run }
}
