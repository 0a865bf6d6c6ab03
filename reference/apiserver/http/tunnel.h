// Passes a request on to another server and its answer back, byte for byte: streamed answers with back-pressure, and upgraded connections
// (SPDY, WebSocket) unmodified. A plain exchange that the other side refuses is answered with a Status that carries its text.
#pragma once

#include <memory>
#include <string>

#include "harness/net/client.h"
#include "reference/apiserver/http/call.h"

namespace plumb::apiserver {

// `what` names the other side in errors: "the kubelet of node-1". Credentials of the caller are never passed on.
void tunnel(const CallPtr& call, const std::shared_ptr<net::HttpClient>& client, std::string target, std::string what);

}  // namespace plumb::apiserver
