// A host on the library that the reference host is made of. ?server=URL&sandbox=URL&tool=NAME&args=JSON&theme=light|dark
import { AppBridge, PostMessageTransport, getToolUiResourceUri, RESOURCE_MIME_TYPE } from "@modelcontextprotocol/ext-apps/app-bridge";
import { Client, StreamableHTTPClientTransport } from "@modelcontextprotocol/client";

const at = new URL(location.href).searchParams;
const me = { name: "small host", version: "1" };
const extensions = { "io.modelcontextprotocol/ui": { mimeTypes: [RESOURCE_MIME_TYPE] } };
const client = new Client(me, { capabilities: { extensions } });
await client.connect(new StreamableHTTPClientTransport(new URL(at.get("server"))));
const tool = (await client.listTools()).tools.find((one) => one.name === at.get("tool"));
const uri = getToolUiResourceUri(tool);
const view = (await client.readResource({ uri })).contents[0];
if (view.mimeType !== RESOURCE_MIME_TYPE) throw new Error(`a view of type ${view.mimeType}`);
const args = JSON.parse(at.get("args") ?? "{}");
const result = client.callTool({ name: tool.name, arguments: args });

const frame = document.querySelector("iframe");
frame.sandbox = "allow-scripts allow-same-origin";
const ready = new Promise((done) =>
  addEventListener("message", (event) => {
    if (event.source === frame.contentWindow && event.data?.method === "ui/notifications/sandbox-proxy-ready") done();
  }),
);
frame.src = at.get("sandbox"); // another origin than the host's
await ready;
const hostContext = { theme: at.get("theme"), displayMode: "inline", toolInfo: { tool } };
const bridge = new AppBridge(client, me, { serverTools: {}, serverResources: {} }, { hostContext });
const begun = new Promise((done) => {
  bridge.oninitialized = done;
});
bridge.onsizechange = ({ height }) => {
  if (height) frame.style.height = `${height}px`;
};
await bridge.connect(new PostMessageTransport(frame.contentWindow, frame.contentWindow));
await bridge.sendSandboxResourceReady({ html: view.text, csp: view._meta?.ui?.csp });
await begun;
await bridge.sendToolInput({ arguments: args });
await bridge.sendToolResult(await result);
document.title = "shown";
