/** Every text of the page, in one place, so that it can be translated. */
export const t = {
  app: 'Steadychat',
  newChat: 'New chat',
  untitled: 'New chat',
  sessions: 'Chats',
  loadMoreSessions: 'Load more chats',
  sessionsFailed: 'Your chats could not be loaded.',
  noSessions: 'Your chats will be listed here.',
  tryAgain: 'Try again',
  rename: 'Rename',
  remove: 'Delete',
  removed: (title: string) => `“${title}” deleted`,
  undo: 'Undo',
  openSidebar: 'Show chats',
  closeSidebar: 'Close chats',
  close: 'Close',
  theme: { system: 'Theme: as the system', light: 'Theme: light', dark: 'Theme: dark' },

  badge: {
    connecting: 'Connecting',
    connected: 'Connected',
    reconnecting: 'Reconnecting',
    offline: 'Offline',
  },
  badgeSeconds: (seconds: number) => `${seconds} s`,
  retryNow: 'Retry now',
  overHttp: 'no WebSocket: messages go by HTTP',
  badgeTip: {
    connecting: 'Opening the connection',
    connected: 'Answers arrive live',
    reconnecting: 'The connection was lost. Answers go on and are shown when it is back.',
    offline: 'What you send is kept here and goes out when you are connected again.',
  },
  fault: (code: number, reason: string) => {
    if (reason) return reason
    if (code === 4501) return 'Not signed in. Reload the page to sign in again.'
    if (code === 4502) return 'This page is out of date. Reload it.'
    if (code === 4504) return 'Open in too many places. This one waits until you return to it.'
    return `The server closed the connection (${code}). Reload the page.`
  },

  conversation: 'Conversation',
  loadOlder: 'Load older messages',
  loadingOlder: 'Loading older messages…',
  startOfChat: 'Start of the conversation',
  jumpToLatest: 'Jump to latest',
  you: 'You said',
  answer: 'Answer',
  copy: 'Copy',
  copied: 'Copied',
  copyCode: 'Copy code',
  askAgain: 'Ask again',
  askBelow: 'To ask again, write the question below.',
  regenerate: 'Answer again',
  keepAnswer: 'Keep the earlier answer',
  retryRefused: 'No new attempt.',
  typing: 'Answering',
  stopped: 'You stopped this answer.',
  stoppedEmpty: 'Stopped before the answer began.',
  failed: 'The answer could not be finished.',
  interrupted: 'Interrupted: the server went away while answering. What it had said is kept.',
  plainText: 'Shown as plain text.',

  sending: 'Sending…',
  unconfirmed: 'Not confirmed yet. It is sent again until the server answers, and counts once.',
  queuedOffline: 'Waiting for the connection',
  queuedBehind: 'Goes after the message above',
  queuedBusy: 'Waits for the answer above to end',
  queued: 'Waiting to be sent',
  queuedFor: (code: string, seconds: number) => {
    const goes = `This goes by itself in ${seconds} s.`
    if (code === 'rate_limited') return `Too much at once. ${goes}`
    if (code === 'overloaded') return `The server takes no new messages right now. ${goes}`
    return goes
  },
  refused: 'Not sent.',
  edit: 'Edit',
  discard: 'Discard',

  composerLabel: 'Your message',
  composerHint: 'Ask a question',
  composerKeys: 'Enter sends, Shift + Enter starts a new line',
  send: 'Send',
  stop: 'Stop',
  tooLong: (over: number) => `${over.toLocaleString('en')} characters too long`,

  emptyTitle: 'What would you like to know?',
  emptyText: 'Answers quote the documents and show where each sentence comes from.',
  starters: [
    'What happens to an answer when the connection is lost?',
    'How do I add my own documents?',
    'How can I serve my own LangChain chain?',
  ],
  missingTitle: 'This chat is not here',
  missingText: 'It was deleted, or it belongs to somebody else.',
  unreadable: 'The messages could not be loaded. Trying again.',

  sources: (count: number) => (count === 1 ? '1 source' : `${count} sources`),
  sourcesTitle: 'Sources',
  source: (n: number, title: string) => `Source ${n}: ${title}`,
  untitledSource: 'Untitled passage',
  page: (page: string) => `Page ${page}`,
  score: (percent: number) => `${percent} % match`,
  match: 'Match',
  matchWords: { high: 'strong', middle: 'fair', low: 'weak' },
  matchTip: (percent: number) => `How well the passages found fit the question: ${percent} %`,
  seconds: (ms: number) => `${(ms / 1000).toFixed(1)} s`,

  documents: 'Documents',
  documentsText: 'Answers rest on these. Markdown, text, HTML and PDF, up to 20 MB each.',
  upload: 'Add documents',
  uploading: 'Uploading…',
  dropHere: 'Drop files here or',
  noDocuments: 'No documents yet.',
  documentStatus: {
    queued: 'Waiting',
    indexing: 'Reading',
    indexed: 'Ready',
    failed: 'Could not be read',
  },
  passages: (count: number) => (count === 1 ? '1 passage' : `${count} passages`),

  said: {
    sent: 'Sent',
    answering: 'Answering',
    still: 'Still answering',
    complete: 'Answer complete.',
    stopped: 'Answer stopped.',
    failed: 'The answer failed.',
  },
  crashed: 'The page ran into a fault. Your chats are safe on the server.',
  reload: 'Reload',
} as const
