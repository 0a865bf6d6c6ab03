#include "reference/cluster/control_plane/aggregation_flags.h"

#include "harness/base/encoding.h"
#include "harness/base/file.h"

namespace plumb::cluster {
namespace {

void list_option(Arguments& arguments, const std::string& name, std::vector<std::string>& list, const std::string& help) {
  const auto take = [&list](const std::string& text) -> Status {
    list.clear();
    for (const std::string_view part : split(text, ','))
      if (!trim(part).empty()) list.emplace_back(trim(part));
    return {};
  };
  arguments.taken_option(name, take, join(list, ","), help);
}

}  // namespace

void AggregationFlags::declare(Arguments& arguments) {
  arguments.group("Aggregation");
  arguments.option("--proxy-client-cert-file", proxy_client_certificate_file, "client certificate towards aggregated API servers; default: one of the cluster's front-proxy CA")
      .option("--proxy-client-key-file", proxy_client_key_file, "its key")
      .option("--requestheader-client-ca-file", request_header_ca_file, "CA of the proxies whose X-Remote-* headers aggregated API servers trust; default: the cluster's front-proxy CA");
  list_option(arguments, "--requestheader-allowed-names", request_header.allowed_names, "common names such a proxy may have, comma-separated; none: any");
  list_option(arguments, "--requestheader-username-headers", request_header.username_headers, "headers that name the user");
  list_option(arguments, "--requestheader-group-headers", request_header.group_headers, "headers that name the user's groups");
  list_option(arguments, "--requestheader-uid-headers", request_header.uid_headers, "headers that carry the user's UID");
  list_option(arguments, "--requestheader-extra-headers-prefix", request_header.extra_headers_prefix, "what headers of the user's extra fields begin with");
  arguments.group("Options");
}

Status AggregationFlags::apply(const Pki& pki, apiserver::ApiserverOptions& server) const {
  if (proxy_client_certificate_file.empty() != proxy_client_key_file.empty())
    return fail(Code::invalid_argument, "--proxy-client-cert-file and --proxy-client-key-file go together");
  if (proxy_client_certificate_file.empty()) {
    const net::KeyPair pair = PLUMB_TRY(pki.front_proxy_identity(front_proxy_client_identity()));
    server.aggregation = {pair.certificate_pem, pair.key_pem};
  } else {
    server.aggregation.proxy_client_certificate = PLUMB_TRY(read_file(proxy_client_certificate_file));
    server.aggregation.proxy_client_key = PLUMB_TRY(read_file(proxy_client_key_file));
  }
  server.trust.client_ca_pem = pki.ca_pem();
  server.trust.request_header = request_header;
  server.trust.request_header.client_ca_pem = request_header_ca_file.empty() ? pki.front_proxy_ca_pem() : PLUMB_TRY(read_file(request_header_ca_file));
  return {};
}

}  // namespace plumb::cluster
