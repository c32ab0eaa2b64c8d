// Holds the page to its budget: what a first visit loads, gzipped. Markdown, formulas and the highlighter must stay lazy.
import { readdir, readFile } from 'node:fs/promises'
import { gzipSync } from 'node:zlib'

const page = new URL('../../api/page/', import.meta.url)
const LIMITS = { js: 170_000, css: 20_000 }
const LAZY = ['RichText', 'highlight', 'typeset']

const html = await readFile(new URL('index.html', page), 'utf8')
const names = await readdir(new URL('assets/', page))
const sizes = { js: 0, css: 0 }
for (const [, path] of html.matchAll(/(?:src|href)="\.\/([^"]+\.(?:js|css))"/g)) {
  const size = gzipSync(await readFile(new URL(path, page))).length
  sizes[path.endsWith('.css') ? 'css' : 'js'] += size
}
for (const name of names.filter((name) => name.endsWith('.css') && !html.includes(name))) {
  sizes.css += gzipSync(await readFile(new URL(`assets/${name}`, page))).length
}

const faults = Object.keys(LIMITS).filter((kind) => sizes[kind] > LIMITS[kind])
const eager = LAZY.filter((name) => html.includes(name) || !names.some((n) => n.startsWith(name)))
for (const kind of Object.keys(LIMITS)) {
  console.log(`${kind}: ${sizes[kind]} of ${LIMITS[kind]} bytes gzipped`)
}
for (const name of eager) console.error(`${name} is not a lazy chunk of its own`)
if (faults.length + eager.length > 0) process.exit(1)
