export { type Input, reduce } from './reduce'
export {
  type Conversation,
  type Effect,
  emptyConversation,
  isCurrentAsk,
  lastAnswer,
  olderThan,
  runningAnswer,
} from './state'
