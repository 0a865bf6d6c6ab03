// Passes a request on to another server and its answer back, byte for byte: streamed answers with back-pressure, and upgraded connections
// (SPDY, WebSocket) unmodified. A plain exchange that the other side refuses is answered with a Status that carries its text, unless the
// answer is passed on verbatim.
#pragma once

#include <memory>
#include <string>

#include "harness/net/client.h"
#include "reference/apiserver/http/call.h"

namespace plumb::apiserver {

struct Passage {
  net::Headers added = {};  // to the request
  // The other side is an API server: its refusals are the answer, the user is whom `added` says and no header of the caller's, and where it
  // cannot be reached that is 503 in plain text.
  bool verbatim = false;
  Duration timeout{};       // of an exchange that is no upgrade; zero: none
};

// `what` names the other side in errors: "the kubelet of node-1". Credentials of the caller are never passed on.
void tunnel(const CallPtr& call, const std::shared_ptr<net::HttpClient>& client, std::string target, std::string what, Passage passage = {});

}  // namespace plumb::apiserver
