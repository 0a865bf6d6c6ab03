// Services, slices and questions for tests of the name server, made in few words.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "harness/base/encoding.h"
#include "reference/dns/zone.h"

// Last: it defines false as a number.
#include <ldns/ldns.h>

namespace plumb::dns::testing {

struct PortAt {
  std::string name;
  int port;
  std::string protocol = "TCP";
};

inline std::shared_ptr<corev1::Service> service(const std::string& name, const std::vector<std::string>& ips, const std::vector<PortAt>& ports = {{"http", 80}}) {
  auto made = std::make_shared<corev1::Service>();
  made->metadata.namespace_ = "ns";
  made->metadata.name = name;
  made->spec.type = "ClusterIP";
  made->spec.clusterIP = ips.empty() ? "None" : ips[0];
  std::vector<corev1::ServicePort> list;
  for (const PortAt& port : ports) {
    corev1::ServicePort one;
    one.name = port.name;
    one.port = port.port;
    one.protocol = port.protocol;
    list.push_back(one);
  }
  made->spec.ports = api::List<corev1::ServicePort>(list.begin(), list.end());
  for (const std::string& ip : ips) made->spec.clusterIPs.push_back(api::Str(ip));
  return made;
}

struct At {
  std::string ip, hostname;
  std::optional<bool> ready;
};

inline std::shared_ptr<discoveryv1::EndpointSlice> slice(const std::string& name, const std::string& service, const std::vector<At>& endpoints,
                                                         const std::vector<PortAt>& ports = {{"http", 8080}}) {
  auto made = std::make_shared<discoveryv1::EndpointSlice>();
  made->metadata.namespace_ = "ns";
  made->metadata.name = name;
  made->metadata.labels.set("kubernetes.io/service-name", service);
  made->addressType = !endpoints.empty() && endpoints[0].ip.find(':') != std::string::npos ? "IPv6" : "IPv4";
  for (const PortAt& port : ports) {
    discoveryv1::EndpointPort one;
    one.name = port.name.c_str();
    one.protocol = port.protocol.c_str();
    one.port = port.port;
    made->ports.push_back(one);
  }
  for (const At& at : endpoints) {
    discoveryv1::Endpoint one;
    one.addresses = {at.ip};
    if (!at.hostname.empty()) one.hostname = at.hostname.c_str();
    if (at.ready) one.conditions.ready = *at.ready;
    made->endpoints.push_back(one);
  }
  return made;
}

inline api::Ip ip(const std::string& text) { return *api::Ip::parse(text); }

// "NOERROR name 30 A 10.0.0.1; … + authority; … + additional; …", with what is empty left out. `>name`: continued there. "elsewhere".
inline std::string text_of(const Answer& answer) {
  if (answer.from == Answer::From::elsewhere) return "elsewhere";
  static const char* codes[] = {"NOERROR", "FORMERR", "SERVFAIL", "NXDOMAIN"};
  std::string text = codes[static_cast<int>(answer.code)];
  const auto add = [&](const char* sign, const std::vector<Record>& records) {
    for (std::size_t i = 0; i < records.size(); ++i) text += (i > 0 ? "; " : sign) + to_text(records[i]);
  };
  add(" ", answer.answers);
  add(" + ", answer.authority);
  add(" ++ ", answer.additional);
  return answer.continued_at ? text + " >" + *answer.continued_at : text;
}

// A request as clients send it.
inline std::string request(const std::string& name, int type, int edns_size = 0, int id = 7) {
  ldns_pkt* packet = ldns_pkt_query_new(ldns_dname_new_frm_str((name + ".").c_str()), static_cast<ldns_rr_type>(type), LDNS_RR_CLASS_IN, LDNS_RD);
  ldns_pkt_set_id(packet, static_cast<std::uint16_t>(id));
  if (edns_size > 0) ldns_pkt_set_edns_udp_size(packet, static_cast<std::uint16_t>(edns_size));
  std::uint8_t* wire = nullptr;
  std::size_t size = 0;
  ldns_pkt2wire(&wire, packet, &size);
  std::string bytes(reinterpret_cast<char*>(wire), size);
  std::free(wire);
  ldns_pkt_free(packet);
  return bytes;
}

// What a response says, in short: "NOERROR aa tc id=7 | answers | authority | additional", records as in zone files with single blanks.
inline std::string response_text(const std::string& bytes) {
  ldns_pkt* packet = nullptr;
  if (ldns_wire2pkt(&packet, reinterpret_cast<const std::uint8_t*>(bytes.data()), bytes.size()) != LDNS_STATUS_OK) return "unreadable";
  static const char* codes[] = {"NOERROR", "FORMERR", "SERVFAIL", "NXDOMAIN", "NOTIMP", "REFUSED"};
  std::string text = codes[ldns_pkt_get_rcode(packet)];
  if (ldns_pkt_aa(packet)) text += " aa";
  if (ldns_pkt_tc(packet)) text += " tc";
  text += " id=" + std::to_string(ldns_pkt_id(packet));
  for (const ldns_rr_list* list : {ldns_pkt_answer(packet), ldns_pkt_authority(packet), ldns_pkt_additional(packet)}) {
    text += " |";
    for (std::size_t i = 0; i < ldns_rr_list_rr_count(list); ++i) {
      char* line = ldns_rr2str(ldns_rr_list_rr(list, i));
      std::string one(line);
      std::free(line);
      for (char& c : one) c = c == '\t' || c == '\n' ? ' ' : c;
      text += " " + std::string(trim(one));
    }
  }
  ldns_pkt_free(packet);
  return text;
}

}  // namespace plumb::dns::testing
