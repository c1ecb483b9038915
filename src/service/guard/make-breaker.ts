import { type Breaker, consecutiveBreaker, ratioBreaker, sreThrottle } from '../../guard/index.ts';
import { guardDefaults } from '../defaults.ts';
import type { BreakerChoice, MethodGuardOptions } from './client-guard-options.ts';

type Choice = MethodGuardOptions['breaker'];

/** The breaker of a choice: the one there is, with other numbers, where its kind stays. */
export function breakerOf(
  choice: Choice,
  name: string,
  random: () => number,
  current: Breaker | undefined,
  before: Choice,
): Breaker | undefined {
  if (choice === false || choice === undefined) return undefined;
  if (typeof choice === 'function') return choice === before ? current : choice();
  const isSameKind = typeof before === 'object' && (before.kind ?? 'throttle') === (choice.kind ?? 'throttle');
  if (current === undefined || !isSameKind) return made(choice, name, random);
  current.configure(numbersOf(choice));
  return current;
}

function made(choice: BreakerChoice, name: string, random: () => number): Breaker {
  const options = { ...numbersOf(choice), name, random };
  switch (choice.kind) {
    case 'consecutive':
      return consecutiveBreaker(options);
    case 'ratio':
      return ratioBreaker(options);
    default:
      return sreThrottle(options);
  }
}

function numbersOf({ kind = 'throttle', ...own }: BreakerChoice): object {
  const { throttle, halfOpen, ...others } = guardDefaults.breaker;
  return kind === 'throttle' ? { ...throttle, ...own } : { ...halfOpen, ...others[kind], ...own };
}
