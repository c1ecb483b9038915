import { type RefObject, useEffect, useRef, useState } from 'react';

export interface TextFieldProps {
  readonly label: string;
  readonly value: string;
  /** Called 300 ms after the last key stroke, and at once on Enter. Not while the text is invalid. */
  readonly onCommit: (value: string) => void;
  readonly placeholder?: string;
  readonly type?: 'text' | 'search';
  readonly isValid?: (text: string) => boolean;
  readonly doesGrow?: boolean;
  /** `/` moves the focus here from anywhere on the page. */
  readonly isMainSearch?: boolean;
}

/** A labelled text input that says what was typed when the typing pauses. */
export function TextField(props: TextFieldProps) {
  const {
    label,
    value,
    onCommit,
    placeholder,
    type = 'text',
    isValid = () => true,
    doesGrow,
    isMainSearch = false,
  } = props;
  const [text, setText] = useState(value);
  const committed = useRef(value);
  const input = useRef<HTMLInputElement>(null);
  const timer = useRef<ReturnType<typeof setTimeout>>(undefined);
  useSlashShortcut(input, isMainSearch);

  useEffect(() => {
    if (value !== committed.current) setText(value);
    committed.current = value;
  }, [value]);
  useEffect(() => () => clearTimeout(timer.current), []);

  const commit = (next: string) => {
    clearTimeout(timer.current);
    if (!isValid(next) || next === committed.current) return;
    committed.current = next;
    onCommit(next);
  };
  const change = (next: string) => {
    setText(next);
    clearTimeout(timer.current);
    timer.current = setTimeout(() => commit(next), 300);
  };
  return (
    <label className="field" data-grow={doesGrow || undefined}>
      <span>{label}</span>
      <input
        ref={input}
        className="input"
        type={type}
        value={text}
        placeholder={placeholder}
        aria-invalid={!isValid(text) || undefined}
        aria-keyshortcuts={isMainSearch ? '/' : undefined}
        autoComplete="off"
        spellCheck={false}
        onChange={(event) => change(event.target.value)}
        onKeyDown={(event) => event.key === 'Enter' && commit(event.currentTarget.value)}
      />
    </label>
  );
}

function useSlashShortcut(input: RefObject<HTMLInputElement | null>, isOn: boolean): void {
  useEffect(() => {
    if (!isOn) return;
    const onKey = (event: KeyboardEvent) => {
      const { target } = event;
      const isTyping = target instanceof HTMLElement && target.matches('input, select, textarea');
      if (event.key !== '/' || event.ctrlKey || event.metaKey || event.altKey || isTyping) return;
      event.preventDefault();
      input.current?.focus();
      input.current?.select();
    };
    document.addEventListener('keydown', onKey);
    return () => document.removeEventListener('keydown', onKey);
  }, [input, isOn]);
}
