// How the demo speaks: a heading per step, a sentence, the command that a person
// would have typed, and what it printed.

const color = process.stdout.isTTY === true && !process.env.NO_COLOR;
const paint = (code: number, text: string) => (color ? `\u001b[${code}m${text}\u001b[0m` : text);

let step = 0;

export const heading = (text: string) => {
  step += 1;
  process.stdout.write(`\n${paint(1, `${step}. ${text}`)}\n`);
};
export const say = (text: string) => void process.stdout.write(`${text}\n`);
export const command = (text: string) => void process.stdout.write(`${paint(36, `$ ${text}`)}\n`);
export const output = (text: string) => void process.stdout.write(`${text.trimEnd().replace(/^/gm, '  ')}\n`);
