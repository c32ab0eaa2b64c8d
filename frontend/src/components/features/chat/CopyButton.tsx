import { Check, Copy } from 'lucide-react'
import { useEffect, useState } from 'react'
import { t } from '../../../strings'
import { copyText } from '../../ui/copyText'
import { IconButton } from '../../ui/IconButton'

interface Props {
  readonly text: string
  readonly label: string
}

export function CopyButton({ text, label }: Props) {
  const [copied, setCopied] = useState(false)
  useEffect(() => {
    if (!copied) return
    const timer = setTimeout(() => setCopied(false), 1500)
    return () => clearTimeout(timer)
  }, [copied])
  return (
    <IconButton
      icon={copied ? Check : Copy}
      label={copied ? t.copied : label}
      size={15}
      onClick={() => void copyText(text, t.copied).then(setCopied)}
    />
  )
}
