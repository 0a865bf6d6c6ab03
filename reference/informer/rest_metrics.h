// rest_client_*: what a client asked of the API server, under upstream's names.
#pragma once

#include <string>
#include <string_view>

#include "harness/base/clock.h"

namespace plumb::informer {

// `status` 0: no answer. A watch counts when its answer begins, without a duration.
void rest_request_finished(std::string_view method, const std::string& host, int status);
void rest_request_took(std::string_view method, const std::string& host, Duration took);

}  // namespace plumb::informer
