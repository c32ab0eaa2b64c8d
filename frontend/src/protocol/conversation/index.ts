export { type Input, reduce } from './reduce'
export { pageWanted, type Sight, surplus } from './shelf'
export {
  type Conversation,
  type Effect,
  emptyConversation,
  isCurrentAsk,
  lastAnswer,
  olderThan,
  type Row,
  runningAnswer,
} from './state'
