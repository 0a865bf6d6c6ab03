#include "reference/apiserver/registry/continue_token.h"

#include "harness/base/encoding.h"
#include "reference/api/doc/document.h"

namespace plumb::apiserver {

std::string ContinueToken::encode() const {
  const api::Doc doc = api::Doc::object({{"v", "meta.k8s.io/v1"}, {"rv", static_cast<std::int64_t>(revision)}, {"start", start}});
  return base64url_encode(doc.to_json());
}

ApiResult<ContinueToken> ContinueToken::decode(std::string_view text) {
  const auto malformed = [](std::string_view why) { return status::bad_request(std::string("invalid continue token: continue key is not valid: ").append(why)); };
  while (text.ends_with('=')) text.remove_suffix(1);
  const auto json = base64url_decode(text);
  if (!json) return malformed("illegal base64 data");
  const auto doc = api::parse_json(*json, {.max_bytes = 16'384, .max_depth = 4});
  if (!doc.ok()) return malformed(doc.error().message);
  if ((*doc)["v"].as_string() != "meta.k8s.io/v1") return malformed("server does not recognize this encoded version \"" + std::string((*doc)["v"].as_string()) + "\"");
  ContinueToken token{(*doc)["rv"].as_int(), std::string((*doc)["start"].as_string())};
  if (token.revision == 0) return malformed("incorrect encoded start resourceVersion");
  if (token.start.empty()) return malformed("encoded start key empty");
  return token;
}

}  // namespace plumb::apiserver
