import { isMac } from './keys'

export const onMac = isMac(navigator.platform)
