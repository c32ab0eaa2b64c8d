// Writes src/protocol/frames.gen.ts from the server's JSON Schema on stdin:
//   python -m api.wire.schema | npm run generate
// With --check nothing is written and a difference ends with exit code 1.
import { readFile, writeFile } from 'node:fs/promises'
import { text } from 'node:stream/consumers'
import { compile } from 'json-schema-to-typescript'

const target = new URL('../src/protocol/frames.gen.ts', import.meta.url)
const schema = JSON.parse(await text(process.stdin))

// A frame's `type` has a default on the server, which JSON Schema calls optional; on the wire it is always there.
// Titles of properties would become aliases that say nothing.
for (const definition of Object.values(schema.$defs)) {
  for (const property of Object.values(definition.properties ?? {})) delete property.title
  const type = definition.properties?.type
  if (type?.const) definition.required = [...new Set([...(definition.required ?? []), 'type'])]
}

const compiled = await compile(schema, 'Protocol', {
  additionalProperties: false,
  unreachableDefinitions: true,
  bannerComment:
    '// Generated from the server: python -m api.wire.schema | npm run generate. Do not edit.',
  style: { semi: false, singleQuote: true, printWidth: 100 },
})
// The generator notes on every type where it was referenced; what the server says of it stays.
const code = compiled
  .replace(
    /(?: \*\n)? \* This interface was referenced by `Protocol`'s JSON-Schema\n \* via the `definition` "\w+"\.\n/g,
    '',
  )
  .replace(/\/\*\*\n \*\/\n/g, '')
  .replace(/export interface Protocol \{\n {2}\[k: string\]: unknown\n\}\n/, '')

if (process.argv.includes('--check')) {
  const held = await readFile(target, 'utf8').catch(() => '')
  if (held !== code) {
    console.error(
      'frames.gen.ts differs from the server: python -m api.wire.schema | npm run generate',
    )
    process.exit(1)
  }
} else {
  await writeFile(target, code)
}
