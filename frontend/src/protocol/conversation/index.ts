export { type Input, reduce } from './reduce'
export { type Conversation, type Effect, emptyConversation, olderThan } from './state'
