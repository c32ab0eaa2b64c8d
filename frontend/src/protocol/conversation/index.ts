export { type Input, reduce } from './reduce'
export {
  type Conversation,
  type Effect,
  emptyConversation,
  isCurrentAsk,
  olderThan,
  runningAnswer,
} from './state'
