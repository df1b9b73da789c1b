// Shows a display. The ticket comes in the fragment, which no server sees, and is good once.
import RFB from "/console/novnc/core/rfb.js";

const status = document.getElementById("status");
const ctrlAltDel = document.getElementById("ctrl-alt-del");
const ticket = location.hash.slice(1);
history.replaceState(null, "", location.pathname);

function say(text) {
  status.textContent = text;
}

function open() {
  const socket = new WebSocket(document.body.dataset.relay, ["pextra.console", `pextra.ticket.${ticket}`]);
  // RFB tells that a connection ended, not why
  socket.addEventListener("close", (event) => {
    ctrlAltDel.disabled = true;
    say(event.reason || "The connection was lost. Ask for another console.");
  });
  const rfb = new RFB(document.getElementById("screen"), socket);
  rfb.scaleViewport = true;
  rfb.addEventListener("connect", () => {
    ctrlAltDel.disabled = false;
    say("Connected.");
    rfb.focus();
  });
  ctrlAltDel.addEventListener("click", () => {
    rfb.sendCtrlAltDel();
    rfb.focus();
  });
}

if (/^pxc_[A-Za-z0-9_-]+$/.test(ticket)) {
  open();
} else {
  say("There is no ticket in this address. Ask for a console: pextra console --display NAME");
}
