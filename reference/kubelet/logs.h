// Logs of containers in the CRI format: "<RFC 3339 time> stdout|stderr F|P <text>", one file an attempt; P is a part of a line.
#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <string>

#include "harness/base/clock.h"
#include "harness/base/result.h"

namespace plumb::kubelet {

struct LogOptions {
  bool follow = false, timestamps = false;
  std::optional<std::int64_t> tail_lines, limit_bytes;
  std::optional<WallTime> since;
};

// Takes what comes next; false: no more is wanted.
using LogSink = std::function<bool(std::string text)>;

// Writes the log as kubectl logs shows it. With `follow` it goes on, through rotations, until `ended()` says that nothing more will come or
// the sink refuses; it waits on the file system, so the thread it runs on is taken for as long. not_found when there is no such file.
Status read_log(const std::string& path, const LogOptions& options, const LogSink& sink, const std::function<bool()>& ended);

// The last lines, at most so many and so many bytes: the words a container left on its streams.
std::string tail_of_log(const std::string& path, std::size_t lines, std::size_t bytes);

}  // namespace plumb::kubelet
