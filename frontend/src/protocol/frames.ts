import type { Ack, Done, ErrorFrame, MessageFrame, ServerFrame, Token } from './frames.gen'

export type {
  Ack as AckFrame,
  ChainInfo,
  ClientFrame,
  Document,
  Done as DoneFrame,
  ErrorBody,
  ErrorFrame,
  Hit,
  LinkBody,
  Message,
  MessageFrame,
  MessagePage as Page,
  Record as MessageRecord,
  RecordEvent,
  ServerFrame,
  Session,
  SessionPage,
  Source,
  Subscribed as SubscribedFrame,
  Token as TokenFrame,
} from './frames.gen'

/** What REST answers to a send with `Prefer: respond-async`: an ack without its frame. */
export type AckBody = Omit<Ack, 'type' | 'id'>

/** An error that ends a message: it stands in the log. */
export type TerminalErrorFrame = ErrorFrame & {
  session_id: string
  message_id: string
  seq: number
  status: 'failed' | 'interrupted'
  length: number
  crc32: string
}

/** The events of a session's log. */
export type LoggedFrame = MessageFrame | Token | Done | TerminalErrorFrame

export function isLogged(frame: ServerFrame): frame is LoggedFrame {
  if (frame.type === 'error') return typeof frame.seq === 'number'
  return frame.type === 'message' || frame.type === 'token' || frame.type === 'done'
}
