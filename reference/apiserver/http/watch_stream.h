// A watch as an endless HTTP answer: one JSON object a line, or length-delimited protobuf frames.
#pragma once

#include "reference/apiserver/http/call.h"

namespace plumb::apiserver {

// Runs until the client leaves, `timeout` is over, or the watch ends; then ends the answer.
void serve_watch(CallPtr call, const Resource& resource, WatcherPtr watcher, Duration timeout);

}  // namespace plumb::apiserver
