import { memo, type ReactNode, useMemo, useRef } from 'react'
import ReactMarkdown, { type Components, type Options } from 'react-markdown'
import rehypeSanitize from 'rehype-sanitize'
import remarkGfm from 'remark-gfm'
import remarkMath from 'remark-math'
import { CitationMark } from '../CitationMark'
import { BlockSplitter, GROUP, openFence } from './blocks'
import { CodeBlock } from './CodeBlock'
import { CITATION_TAG, CITED_TAG, rehypeCitations } from './citations'
import { Formula } from './Formula'
import { kindOfFormula, remarkFormulas } from './formulas'
import { delimitMath, openMath } from './math'
import css from './RichText.module.css'
import { rehypeRawAsText } from './rawAsText'

interface Props {
  readonly text: string
  readonly ended: boolean
}

/** Markdown that grows: settled blocks are kept as they are, only the last two are read anew. */
export default function RichText({ text, ended }: Props) {
  const splitter = useRef<BlockSplitter>(null)
  splitter.current ??= new BlockSplitter()
  const held = splitter.current
  const { groups, count, definitions } = useMemo(
    () => held.update(text, ended),
    [held, text, ended],
  )
  return (
    <div className={css.prose}>
      {groups.map((blocks, index) => (
        <Group
          // biome-ignore lint/suspicious/noArrayIndexKey: blocks only ever come at the end
          key={index}
          blocks={blocks}
          definitions={definitions}
          growing={ended ? -1 : count - 1 - index * GROUP}
        />
      ))}
    </div>
  )
}

interface GroupProps {
  readonly blocks: readonly string[]
  readonly definitions: string
  /** Which of the blocks is the one that still grows, if it is one of these. */
  readonly growing: number
}

const Group = memo(
  function Group({ blocks, definitions, growing }: GroupProps) {
    return (
      <div className={css.group}>
        {blocks.map((block, index) => (
          <Block
            // biome-ignore lint/suspicious/noArrayIndexKey: blocks only ever come at the end
            key={index}
            block={block}
            definitions={definitions && block.includes('[') ? `\n${definitions}` : ''}
            growing={index === growing}
          />
        ))}
      </div>
    )
  },
  (a, b) =>
    a.blocks === b.blocks &&
    a.definitions === b.definitions &&
    (a.growing === b.growing || (a.growing >= GROUP && b.growing >= GROUP)),
)

interface BlockProps {
  readonly block: string
  readonly definitions: string
  readonly growing: boolean
}

const Block = memo(function Block({ block, definitions, growing }: BlockProps) {
  const fence = growing ? openFence(block) : null
  if (fence) return <CodeBlock code={fence.code} language={fence.language} open />
  if (growing && openMath(block)) return <p className={css.source}>{block}</p>
  return (
    <ReactMarkdown remarkPlugins={REMARK} rehypePlugins={REHYPE} components={COMPONENTS}>
      {delimitMath(block, growing) + definitions}
    </ReactMarkdown>
  )
})

const REMARK: Options['remarkPlugins'] = [
  remarkGfm,
  [remarkMath, { singleDollarTextMath: false }],
  remarkFormulas,
]
const REHYPE = [rehypeRawAsText, rehypeSanitize, rehypeCitations]

const COMPONENTS = {
  // Nothing that an answer says may make the browser fetch anything.
  img: ({ alt }) => <span>{alt}</span>,
  a: ({ href, children }) =>
    href && /^(https?:|mailto:)/i.test(href) ? (
      <a href={href} target="_blank" rel="noopener noreferrer nofollow">
        {children}
      </a>
    ) : (
      <span>{children}</span>
    ),
  table: ({ children }) => (
    <div className={css.wide}>
      <table>{children}</table>
    </div>
  ),
  code: ({ className, children }) => {
    const kind = kindOfFormula(className)
    if (!kind) return <code>{children}</code>
    return <Formula tex={String(children)} display={kind === 'display'} />
  },
  pre: ({ node }) => {
    const code = node?.children[0]
    if (code?.type !== 'element') return null
    const names = code.properties['className']
    const language = Array.isArray(names) ? String(names[0]).replace('language-', '') : null
    const text = code.children[0]
    return (
      <CodeBlock code={text?.type === 'text' ? text.value : ''} language={language} open={false} />
    )
  },
  [CITED_TAG]: ({ children }: { children?: ReactNode }) => (
    <span className={css.together}>{children}</span>
  ),
  [CITATION_TAG]: ({ number }: { number?: number }) => <CitationMark number={Number(number)} />,
} as Components
