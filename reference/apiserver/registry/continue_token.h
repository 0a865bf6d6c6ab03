// Where a paged list goes on: the revision that all pages show, and the key to start from. Upstream's format, so that tokens are opaque
// in the same way: base64url of {"v":"meta.k8s.io/v1","rv":5,"start":"default/a\u0000"}.
#pragma once

#include <string>
#include <string_view>

#include "reference/apiserver/status.h"
#include "reference/store/store.h"

namespace plumb::apiserver {

struct ContinueToken {
  store::Revision revision = 0;  // -1: the latest, with items possibly changed since the first page
  std::string start;             // relative to the resource's prefix

  std::string encode() const;
  static ApiResult<ContinueToken> decode(std::string_view text);  // 400 when malformed
};

}  // namespace plumb::apiserver
