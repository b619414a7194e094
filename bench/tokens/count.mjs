// Reads a list of texts from standard input and writes how many o200k tokens each has.
import { readFileSync } from "node:fs";
import { createRequire } from "node:module";

const require = createRequire(`${process.env.MODULES}/`);
const { getEncoding } = require("js-tiktoken");
const encoding = getEncoding("o200k_base");
const texts = JSON.parse(readFileSync(0, "utf8"));
process.stdout.write(JSON.stringify(texts.map((text) => encoding.encode(text).length)));
