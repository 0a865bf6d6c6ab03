// What other parts of the API server plug into the generic registry: computed resources, issued tokens, and values given out from a pool.
#pragma once

#include <functional>
#include <memory>
#include <string_view>

#include "reference/api/object.h"
#include "reference/api/types/authenticationv1.h"
#include "reference/apiserver/companions.h"
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

// Gives objects of one resource what only the cluster can give: addresses, ports. Must not block; called from many threads.
class Allocator {
 public:
  virtual ~Allocator() = default;
  // Completes `next`, before its rules are applied; `current` is what it replaces, nullptr at creation. Called again, with the object as it
  // came and the cluster as it then is, when a guard did not hold.
  virtual ApiResult<Companions> allocate(api::Object& next, const api::Object* current, WallTime now) = 0;
  // The object goes, and what it was given with it.
  virtual Companions release(const api::Object& gone) = 0;
  // True when what is given comes from one place in the store: then such writes of this process take turns.
  virtual bool takes_turns(const api::Object* next, const api::Object* current) const = 0;
};

}  // namespace plumb::apiserver
