// How an API server speaks to those it passes requests on to, and what it tells them about whom to trust: upstream's flags
// --proxy-client-* and --requestheader-*. What is not named is the cluster's own front-proxy CA and a certificate of it.
#pragma once

#include <string>

#include "harness/base/arguments.h"
#include "harness/base/result.h"
#include "reference/apiserver/apiserver.h"
#include "reference/cluster/pki/pki.h"

namespace plumb::cluster {

struct AggregationFlags {
  std::string proxy_client_certificate_file, proxy_client_key_file, request_header_ca_file;
  apiserver::RequestHeaderOptions request_header;

  void declare(Arguments& arguments);
  Status apply(const Pki& pki, apiserver::ApiserverOptions& server) const;
};

}  // namespace plumb::cluster
