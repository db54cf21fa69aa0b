// Asks for a token as the provider's Node SDK does, by Node's own fetch, and reads the answer as it does.
const { host, key, mint } = JSON.parse(process.argv[2]);
const tell = (event, facts = {}) => console.log(JSON.stringify({ event, ...facts }));

createTemporaryToken()
  .then((token) => tell("minted", { token }))
  .catch((error) => tell("unminted", { text: error.message }));

async function createTemporaryToken() {
  const response = await fetch(`https://${host}/v3/token?${new URLSearchParams(mint)}`, {
    cache: "no-store",
    headers: {
      Authorization: key,
      "Content-Type": "application/json",
      "User-Agent": "AssemblyAI/1.0 (sdk=JavaScript/4.27.0 runtime_env=Node/20.20.2)",
    },
  });
  const text = await response.text();
  if (response.ok) return JSON.parse(text).token;
  const error = parsed(text)?.error;
  throw new Error(error || text || `HTTP Error: ${response.status} ${response.statusText}`);
}

function parsed(text) {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
