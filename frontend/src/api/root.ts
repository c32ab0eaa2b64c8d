/** Where the server lives: it writes its root path into the page's `<base>`. */
export function serverUrl(path: string): string {
  return new URL(path, document.baseURI).toString()
}

export function socketUrl(path: string): string {
  return serverUrl(path).replace(/^http/, 'ws')
}

/** The root path with a slash at its end, for links and routes. */
export function rootPath(): string {
  return new URL(document.querySelector('base')?.getAttribute('href') ?? '/', location.origin)
    .pathname
}
