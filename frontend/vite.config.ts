import { readFileSync } from 'node:fs'
import react from '@vitejs/plugin-react'
import { defineConfig } from 'vitest/config'

// So that the page can say which one it is.
const about = readFileSync(`${import.meta.dirname}/package.json`, 'utf8')
const { version } = JSON.parse(about) as { version: string }
const server = 'http://127.0.0.1:8000'

export default defineConfig({
  // Relative: the page may be served under a path that is only known when the server starts.
  base: './',
  plugins: [react()],
  define: { 'import.meta.env.PAGE_VERSION': JSON.stringify(version) },
  build: {
    outDir: '../api/page',
    emptyOutDir: true,
    target: 'es2022',
    // The policy allows scripts from the server only, so nothing may be inlined.
    assetsInlineLimit: 0,
    // One style sheet, so that a part that is loaded later comes whole or not at all.
    cssCodeSplit: false,
    modulePreload: { polyfill: false },
  },
  server: {
    proxy: {
      '/api': server,
      '/chains': server,
      '/ws': { target: server, ws: true },
    },
  },
  test: { include: ['src/**/*.test.ts'], environment: 'node' },
})
