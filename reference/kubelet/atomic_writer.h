// A folder of files that changes all at once, as upstream's volumes do: the files lie in a folder of their own, "..data" points to it, and
// each visible name is a link through "..data". Readers see the old or the new set, never a mix. Nothing is written when nothing changed.
#pragma once

#include <map>
#include <string>

#include "harness/base/result.h"

namespace plumb::kubelet {

struct FileContent {
  std::string data;
  int mode = 0644;
  bool operator==(const FileContent&) const = default;
};
using Payload = std::map<std::string, FileContent>;  // by path, relative to the folder

// `group` owns the files when it is not negative. Answers whether anything changed.
Result<bool> write_atomically(const std::string& folder, const Payload& payload, std::int64_t group = -1);

}  // namespace plumb::kubelet
