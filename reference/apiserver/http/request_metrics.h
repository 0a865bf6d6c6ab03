// apiserver_request_total and its family, by upstream's names and labels.
#pragma once

#include "reference/apiserver/http/call.h"

namespace plumb::apiserver {

bool is_stream(std::string_view subresource);  // log, exec, attach, portforward, proxy: long-running
void request_began(const RequestInfo& info, bool mutating, bool streams);
void request_finished(Call& call, bool mutating, bool streams);

}  // namespace plumb::apiserver
