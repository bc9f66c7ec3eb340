/** The requests of the page. An error's message is for the person. */

const STOPPED =
  "The command that shows this page has stopped. Start it again; your answers until now are kept.";

export class Refused extends Error {
  constructor(message, status) {
    super(message);
    this.status = status;
  }
}

async function request(path, body) {
  const options = body && {
    method: "POST",
    headers: { "Content-Type": "application/json" },
    body: JSON.stringify(body),
  };
  let response;
  try {
    response = await fetch(path, options);
  } catch {
    throw new Refused(STOPPED, 0);
  }
  const content = await response.json().catch(() => ({}));
  if (!response.ok) {
    throw new Refused(content.detail ?? "The answer was not kept.", response.status);
  }
  return content;
}

/** The fields to review, in groups. */
export const fetchQueue = () => request("queue");

/** Keep a value for some fields; null takes an answer back. */
export const sendAnswer = (fields, value, who, anyway) =>
  request("answers", { fields, value, who, anyway });

export const pictureOf = (item) => `fields/${item.id}.png`;
