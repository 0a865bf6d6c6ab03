// What an API server's HTTP answers say where they carry no object.
#pragma once

#include <string>
#include <string_view>

#include "harness/base/result.h"
#include "harness/net/client.h"
#include "reference/api/types/metav1.h"

namespace plumb::informer {

// In protobuf or JSON.
Result<metav1::Status> read_status(std::string_view body);
// What a refusal means; also where something in between answered, in its own words.
Error error_of_answer(int code, std::string_view body);
// The body, or the refusal.
Result<std::string> raw_answer(Result<net::ClientResponse> response);

}  // namespace plumb::informer
