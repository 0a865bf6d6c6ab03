// Default roles and bindings, kept as upstream keeps them: at each start what they lack is added, so that a cluster that an older release has
// made gets what a newer one needs. Nothing is taken away. What is annotated rbac.authorization.kubernetes.io/autoupdate=false is left alone.
// https://kubernetes.io/docs/reference/access-authn-authz/rbac/#auto-reconciliation
#pragma once

#include <memory>
#include <vector>

#include "harness/base/result.h"
#include "reference/api/object.h"
#include "reference/apiserver/registry/own_calls.h"

namespace plumb::apiserver {

// `policy` holds Roles, ClusterRoles and bindings of both. A binding to another role than wanted is made anew, as a roleRef cannot change. Waits
// for the writes: not on a thread of the store or of a reactor.
Status keep_policy(OwnCalls& calls, const std::vector<std::shared_ptr<api::Object>>& policy);

// `current` with what it lacks of `wanted`, both of one of these types; nullptr when it lacks nothing or is to be left alone. Rules are missing
// where no single rule allows what they do; of an aggregated role only its selectors count.
std::shared_ptr<api::Object> completed(const api::Object& current, const api::Object& wanted);

}  // namespace plumb::apiserver
