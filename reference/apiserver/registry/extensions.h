// What other parts of the API server plug into the generic registry: computed resources and issued tokens.
#pragma once

#include <functional>
#include <memory>
#include <string_view>

#include "reference/api/object.h"
#include "reference/api/types/authenticationv1.h"
#include "reference/apiserver/context.h"
#include "reference/apiserver/status.h"

namespace plumb::apiserver {

template <class T>
using Done = std::function<void(ApiResult<T>)>;

// A resource that is answered and never stored: SubjectAccessReview and its like. create() must not block.
class VirtualResource {
 public:
  virtual ~VirtualResource() = default;
  virtual ApiResult<std::shared_ptr<api::Object>> create(const RequestContext& context, std::string_view namespace_,
                                                         std::shared_ptr<api::Object> object) = 0;
};

// serviceaccounts/token. The account exists; audiences and expiry of the request are filled in by the issuer.
class TokenIssuer {
 public:
  virtual ~TokenIssuer() = default;
  virtual ApiResult<std::shared_ptr<api::Object>> issue(const RequestContext& context, const api::Object& service_account,
                                                        std::shared_ptr<api::Object> token_request) = 0;
};

}  // namespace plumb::apiserver
