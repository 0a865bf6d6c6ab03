// The role of the account that all three controllers of certificates act as.
#pragma once

#include <vector>

#include "reference/apiserver/authorization/bootstrap_policy.h"

namespace plumb::controllers::certificates {

inline std::vector<apiserver::Grant> grants() {
  return {{"delete,get,list,watch", "certificates.k8s.io", "certificatesigningrequests"},
          {"update", "certificates.k8s.io", "certificatesigningrequests/approval,certificatesigningrequests/status"},
          {"approve", "certificates.k8s.io", "signers", "kubernetes.io/kube-apiserver-client-kubelet"},
          {"sign", "certificates.k8s.io", "signers",
           "kubernetes.io/kube-apiserver-client,kubernetes.io/kube-apiserver-client-kubelet,kubernetes.io/kubelet-serving,kubernetes.io/legacy-unknown"},
          {"create", "authorization.k8s.io", "subjectaccessreviews"},
          apiserver::records_events};
}

}  // namespace plumb::controllers::certificates
