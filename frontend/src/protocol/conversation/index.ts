export { type Input, reduce } from './reduce'
export { pageWanted, type Sight, surplus } from './shelf'
export {
  type Conversation,
  type Effect,
  emptyConversation,
  isCurrentAsk,
  olderThan,
  type Row,
  runningAnswer,
} from './state'
