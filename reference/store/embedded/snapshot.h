// The file format of snapshots: an LMDB file followed by the 32 bytes of its SHA-256.
#pragma once

#include <functional>
#include <string>

#include "harness/base/result.h"

namespace plumb::store::embedded {

// `copy` writes the LMDB file to the descriptor. `path` appears whole, synced, or not at all.
Status write_snapshot(const std::string& path, const std::function<Status(int fd)>& copy);

}  // namespace plumb::store::embedded
