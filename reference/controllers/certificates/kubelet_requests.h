// What a certificate signing request has to be to be one of a kubelet, or of any client of the API server: upstream's rules for the signers
// of kubernetes.io. https://kubernetes.io/docs/reference/access-authn-authz/certificate-signing-requests/
#pragma once

#include <optional>
#include <string>

#include "harness/net/crypto.h"
#include "reference/api/types/certificatesv1.h"

namespace plumb::controllers::certificates {

inline constexpr std::string_view client_signer = "kubernetes.io/kube-apiserver-client";
inline constexpr std::string_view kubelet_client_signer = "kubernetes.io/kube-apiserver-client-kubelet";
inline constexpr std::string_view kubelet_serving_signer = "kubernetes.io/kubelet-serving";

using Usages = api::List<api::Str>;

// Each: why it is none; nullopt when it is one.
std::optional<std::string> no_kubelet_client(const net::CertificateInfo& subject, const Usages& usages);
std::optional<std::string> no_kubelet_server(const net::CertificateInfo& subject, const Usages& usages);
std::optional<std::string> no_client(const Usages& usages);

bool has_condition(const certificatesv1::CertificateSigningRequest& request, std::string_view type);

}  // namespace plumb::controllers::certificates
