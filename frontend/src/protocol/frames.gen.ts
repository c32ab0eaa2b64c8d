// Generated from the server: python -m api.wire.schema | npm run generate. Do not edit.

export type Status = 'pending' | 'streaming' | 'complete' | 'cancelled' | 'failed' | 'interrupted'
export type ClientFrame = Hello | Send | Retry | Stop | Subscribe | Unsubscribe | Ping
export type Code =
  | 'bad_json'
  | 'bad_frame'
  | 'unknown_type'
  | 'invalid'
  | 'too_large'
  | 'unsupported_media_type'
  | 'unknown_chain'
  | 'unauthorized'
  | 'forbidden'
  | 'token_expired'
  | 'not_found'
  | 'idempotency_conflict'
  | 'session_busy'
  | 'not_latest'
  | 'rate_limited'
  | 'too_many_connections'
  | 'overloaded'
  | 'storage_unavailable'
  | 'chain_failed'
  | 'chain_timeout'
  | 'output_limit'
  | 'interrupted'
  | 'unsupported_version'
  | 'internal'
export type Role = 'user' | 'assistant'
export type What =
  | 'accepted'
  | 'ended'
  | 'retried'
  | 'started'
  | 'first_piece'
  | 'stop_asked'
  | 'server_left'
  | 'abandoned'
  | 'follower_came'
  | 'follower_resumed'
  | 'follower_left'
export type ServerFrame =
  | Welcome
  | Ack
  | Subscribed
  | MessageFrame
  | Token
  | Done
  | ErrorFrame
  | Stopped
  | StatusFrame
  | SessionFrame
  | DocumentFrame
  | Pong
  | Draining

export interface Ack {
  id?: string | null
  type: 'ack'
  client_message_id: string
  session_id: string
  epoch: string
  index: number
  user_message_id: string
  pending_message_id: string
  status: Status
  duplicate: boolean
}
/**
 * A send whose session may still have to be made.
 */
export interface AnyMessage {
  content: string
  client_message_id?: string | null
  session_id?: string | null
  chain?: string | null
}
export interface ChainInfo {
  name: string
  title: string
  description: string
  default: boolean
}
export interface Chains {
  chains: ChainInfo[]
}
export interface Hello {
  id?: string | null
  type: 'hello'
  protocol: number
  token?: string | null
}
export interface Send {
  id?: string | null
  type: 'send'
  content: string
  session_id?: string | null
  client_message_id?: string | null
  chain?: string | null
}
/**
 * A new attempt at the newest answer of its session, named by `message_id`.
 */
export interface Retry {
  id?: string | null
  type: 'retry'
  message_id: string
  client_message_id?: string | null
}
export interface Stop {
  id?: string | null
  type: 'stop'
  message_id: string
}
export interface Subscribe {
  id?: string | null
  type: 'subscribe'
  session_id: string
  epoch?: string | null
  after?: number | null
}
export interface Unsubscribe {
  id?: string | null
  type: 'unsubscribe'
  session_id: string
}
export interface Ping {
  id?: string | null
  type: 'ping'
}
export interface Document {
  id: string
  title: string
  filename: string
  media_type: string
  bytes: number
  status: 'queued' | 'indexing' | 'indexed' | 'failed'
  progress: number
  passages: number
  error: string | null
  created_at: string
}
export interface DocumentFrame {
  type: 'document'
  document: Document
}
export interface Documents {
  documents: Document[]
}
export interface Done {
  type: 'done'
  session_id: string
  message_id: string
  status: 'complete' | 'cancelled'
  sources: Source[]
  confidence: number | null
  generation_time_ms: number | null
  length: number
  crc32: string
  seq: number
}
/**
 * A passage that the answer rests on; `[n]` in the text is the n-th of them.
 */
export interface Source {
  id: string
  title: string | null
  uri: string | null
  excerpt: string
  score: number | null
  location: {
    [k: string]: unknown
  } | null
}
export interface Draining {
  type: 'draining'
  retry_after_ms: number
}
export interface ErrorBody {
  code: Code
  message: string
  retryable: boolean
  retry_after_ms?: number | null
  error_id?: string | null
}
/**
 * With `seq` it ends a message; without, it answers the request named in `request`.
 */
export interface ErrorFrame {
  type: 'error'
  code: Code
  message: string
  retryable: boolean
  retry_after_ms?: number | null
  error_id?: string | null
  id?: string | null
  request?: string | null
  client_message_id?: string | null
  session_id?: string | null
  message_id?: string | null
  seq?: number | null
  status?: ('failed' | 'interrupted') | null
  length?: number | null
  crc32?: string | null
  generation_time_ms?: number | null
}
/**
 * A message that a search has found; `excerpt` is plain text.
 */
export interface Hit {
  session_id: string
  message_id: string
  index: number
  excerpt: string
}
/**
 * The best first.
 */
export interface Hits {
  hits: Hit[]
}
export interface IdentityBody {
  user_id: string
  token: string
}
/**
 * What this server accepts; 0 means no limit.
 */
export interface Limits {
  message_chars: number
  frame_bytes: number
  messages_per_minute: number
  generations_per_user: number
  sessions_per_connection: number
}
/**
 * A link that another browser may use, once, until it expires.
 */
export interface LinkBody {
  code: string
  expires_at: string
}
export interface Message {
  id: string
  session_id: string
  index: number
  role: Role
  content: string
  status: Status
  client_message_id: string | null
  reply_to: string | null
  retry_of: string | null
  sources: Source[]
  confidence: number | null
  generation_time_ms: number | null
  error: ErrorBody | null
  created_at: string
  completed_at: string | null
}
export interface MessageFrame {
  type: 'message'
  session_id: string
  seq: number
  message: Message
}
/**
 * Oldest first. `seq` is the log position of the newest page and null on older ones.
 */
export interface MessagePage {
  messages: Message[]
  next_cursor: string | null
  has_more: boolean
  epoch: string
  seq: number | null
}
/**
 * A retry of the answer that the path names.
 */
export interface NewAttempt {
  client_message_id?: string | null
}
export interface NewSession {
  title?: string | null
  chain?: string | null
}
export interface Place {
  epoch: string
  seq: number
}
export interface Pong {
  id?: string | null
  type: 'pong'
}
/**
 * `application/problem+json` (RFC 9457) with the protocol's own fields.
 */
export interface ProblemBody {
  type: 'about:blank'
  title: string
  status: number
  detail: string
  code: Code
  message: string
  retryable: boolean
  retry_after_ms?: number | null
  error_id?: string | null
  message_id?: string | null
  session_id?: string | null
  client_message_id?: string | null
}
/**
 * What happened to a message, by time.
 */
export interface Record {
  events: RecordEvent[]
}
/**
 * Something that happened to a message. Beyond `at` and `what` it has the fields that its kind has.
 */
export interface RecordEvent {
  at: string
  what: What
  message_id?: string | null
  seq?: number | null
  retry_of?: string | null
  retried_as?: string | null
  chain?: string | null
  status?: Status | null
  generation_time_ms?: number | null
  code?: Code | null
  error_id?: string | null
  door?: ('websocket' | 'sse' | 'rest') | null
  connection?: string | null
  position?: Place | null
  end?: number | null
  recovered?: boolean | null
}
export interface Rename {
  title: string
}
/**
 * The whole exchange, once its answer has ended.
 */
export interface Sent {
  pending_message_id: string
  user_message: Message
  message: Message
  duplicate: boolean
}
export interface Welcome {
  id?: string | null
  type: 'welcome'
  protocol?: number
  heartbeat_s?: number
  limits: Limits
  user_id: string
}
export interface Subscribed {
  id?: string | null
  type: 'subscribed'
  session_id: string
  epoch: string
  seq: number
  end: number
  recovered: boolean
}
/**
 * `from` to `seq` are the events joined in this frame; `at` is the offset of `content` in the answer.
 */
export interface Token {
  type: 'token'
  session_id: string
  message_id: string
  content: string
  at: number
  from: number
  seq: number
}
export interface Stopped {
  id?: string | null
  type: 'stopped'
  message_id: string
  status: Status
}
/**
 * A hint about what a running answer is doing. Not logged, may be lost.
 */
export interface StatusFrame {
  type: 'status'
  session_id: string
  message_id: string
  stage: string
}
/**
 * A hint: one of the user's sessions changed (`session`) or went (`session_id` and `deleted`).
 */
export interface SessionFrame {
  type: 'session'
  session?: Session | null
  session_id?: string | null
  deleted?: true | null
}
export interface Session {
  id: string
  title: string
  chain: string
  revision: number
  created_at: string
  updated_at: string
  message_count: number
  last_message_preview: string
}
export interface SessionPage {
  sessions: Session[]
  has_more: boolean
  next_cursor: string | null
}
export interface StoppedBody {
  message_id: string
  status: string
}
