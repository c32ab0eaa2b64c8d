import { StrictMode } from 'react'
import { createRoot } from 'react-dom/client'
import { Boundary } from './components/ui/Boundary'
import { Crashed } from './components/ui/Crashed'
import { startChat } from './stores/chatStore'
import './styles/base.css'
import { ChatView } from './views/ChatView'

startChat()

const root = document.getElementById('root')
if (!root) throw new Error('The page has no #root.')
createRoot(root).render(
  <StrictMode>
    <Boundary fallback={<Crashed />}>
      <ChatView />
    </Boundary>
  </StrictMode>,
)
