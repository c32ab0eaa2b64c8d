import type { Message } from './frames'

const TERMINAL = new Set<Message['status']>(['complete', 'cancelled', 'failed', 'interrupted'])

export function isTerminal(message: Pick<Message, 'status'>): boolean {
  return TERMINAL.has(message.status)
}
