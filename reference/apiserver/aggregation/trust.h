// What other API servers of the cluster need to know to trust this one: the ConfigMap kube-system/extension-apiserver-authentication, and who
// may read it. Names and forms are upstream's.
#pragma once

#include <string>
#include <vector>

#include "reference/apiserver/registry/own_calls.h"

namespace plumb::apiserver {

inline constexpr char kAuthenticationConfigMap[] = "extension-apiserver-authentication";

// As upstream's flags --requestheader-*.
struct RequestHeaderOptions {
  std::string client_ca_pem;  // who signs the certificates of proxies; empty: no proxy is trusted
  std::vector<std::string> allowed_names = {"front-proxy-client"};
  std::vector<std::string> username_headers = {"X-Remote-User"}, group_headers = {"X-Remote-Group"}, uid_headers = {}, extra_headers_prefix = {"X-Remote-Extra-"};
};

struct TrustOptions {
  std::string client_ca_pem;  // of clients' own certificates
  RequestHeaderOptions request_header;
};

// Makes what is missing and sets right what differs. Blocks.
Status publish_trust(OwnCalls& calls, const TrustOptions& options);

}  // namespace plumb::apiserver
