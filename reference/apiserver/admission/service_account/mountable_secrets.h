// An account may say that its pods use no secrets but those that it names: annotation kubernetes.io/enforce-mountable-secrets.
#pragma once

#include <string>

#include "reference/api/types/corev1.h"

namespace plumb::apiserver {

bool limits_secrets(const corev1::ServiceAccount& account);
// What the pod uses and the account does not name, in upstream's words; empty: nothing.
std::string unnamed_secret(const corev1::ServiceAccount& account, const corev1::PodSpec& spec);
// The same of its ephemeral containers, which come later.
std::string unnamed_secret_of_ephemeral(const corev1::ServiceAccount& account, const corev1::PodSpec& spec);

}  // namespace plumb::apiserver
