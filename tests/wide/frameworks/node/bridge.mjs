// The TypeScript SDK behind lines of JSON: {id, name, arguments} asks, {cancel: id} aborts, the first line out lists the tools.
import { createInterface } from "node:readline";
import { Client } from "@modelcontextprotocol/sdk/client/index.js";
import { StdioClientTransport } from "@modelcontextprotocol/sdk/client/stdio.js";
import { StreamableHTTPClientTransport } from "@modelcontextprotocol/sdk/client/streamableHttp.js";

const [where, ...rest] = process.argv.slice(2);
const transport = where.startsWith("http")
  ? new StreamableHTTPClientTransport(new URL(where))
  : new StdioClientTransport({ command: where, args: rest, env: process.env });
const client = new Client({ name: "typescript-sdk", version: "1.0.0" });
await client.connect(transport);

const say = (line) => process.stdout.write(JSON.stringify(line) + "\n");
const { tools } = await client.listTools();
say({ names: tools.map((tool) => tool.name) });

const running = new Map();
async function call({ id, name, arguments: given }) {
  const stop = new AbortController();
  running.set(id, stop);
  try {
    const { content, isError } = await client.callTool({ name, arguments: given }, undefined, { signal: stop.signal });
    say({ id, text: content[0].text, mistake: Boolean(isError) });
  } catch (error) {
    say({ id, text: String(error.message ?? error), mistake: true });
  } finally {
    running.delete(id);
  }
}

for await (const line of createInterface({ input: process.stdin })) {
  const asked = JSON.parse(line);
  if ("cancel" in asked) running.get(asked.cancel)?.abort("the user changed their mind");
  else call(asked);
}
await client.close();
