/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* <forward> of a network: mode, NAT, and the pool of links or virtual functions. */
#include <strings.h>

#include "xml/documents.h"

#include "base/ip.h"

#define MAX_SPAN 65536 /* addresses of NAT */

/* --- nat ------------------------------------------------------------------------------- */

static uint32_t number(const struct weir_ip *ip)
{
	const uint8_t *b = ip->bytes;

	return (uint32_t)b[0] << 24 | (uint32_t)b[1] << 16 | (uint32_t)b[2] << 8 | b[3];
}

static int check_addresses(const struct wr_xml_place *p, void *obj)
{
	const struct weir_address_range *range = obj;

	if (range->start.family != WEIR_FAMILY_IPV4 || range->end.family != WEIR_FAMILY_IPV4)
		return wr_xml_refuse(p, -EINVAL, "is not IPv4");
	if (number(&range->end) < number(&range->start))
		return wr_xml_refuse(p, -EINVAL, "ends before it starts");
	if (number(&range->end) - number(&range->start) >= MAX_SPAN)
		return wr_xml_refuse(p, -ERANGE, "has more than %d addresses", MAX_SPAN);
	return 0;
}

static const struct wr_xml_row address_range_rows[] = {
	WR_XML_ROW_ATTR("start", .flags = WR_XML_REQUIRED),
	WR_XML_ROW_ATTR("end", .flags = WR_XML_REQUIRED),
};
static const struct wr_xml_element address_range = { WR_XML_ROWS(address_range_rows),
						     .check = check_addresses };

static int check_ports(const struct wr_xml_place *p, void *obj)
{
	const struct weir_port_range *range = obj;

	return range->end < range->start ? wr_xml_refuse(p, -EINVAL, "ends before it starts") : 0;
}

static bool write_start(const void *obj, struct wr_str *text)
{
	const struct weir_port_range *range = obj;

	wr_str_printf(text, "%u", range->start);
	return range->end > 0;
}

static const struct wr_xml_row port_range_rows[] = {
	WR_XML_ROW_ATTR("start", .flags = WR_XML_REQUIRED, .write = write_start),
	WR_XML_ROW_ATTR("end", .flags = WR_XML_REQUIRED),
};
static const struct wr_xml_element port_range = { WR_XML_ROWS(port_range_rows),
						  .check = check_ports };

static const struct wr_xml_row nat_rows[] = {
	WR_XML_ROW_ATTR("ipv6", .flags = WR_XML_EMPTY),
	WR_XML_ROW_CHILD("address", &address_range, .flags = WR_XML_ONCE),
	WR_XML_ROW_CHILD("port", &port_range, .flags = WR_XML_ONCE),
};
static const struct wr_xml_element nat = { WR_XML_ROWS(nat_rows) };

/* --- the pool ---------------------------------------------------------------------------- */

static const struct wr_xml_row interface_rows[] = {
	WR_XML_ROW_ATTR("dev", .flags = WR_XML_REQUIRED),
};
const struct wr_xml_element wr_xml_forward_interface = { WR_XML_ROWS(interface_rows) };

static int read_address(const struct wr_xml_place *p, void *obj)
{
	struct weir_forward_address *address = obj;
	wr_auto(free) char *type = NULL;
	char shown[WR_SHOWN];
	int r = wr_xml_attr(p, "type", &type);

	if (r)
		return r;
	if (!type || strcmp(type, "pci") != 0)
		return wr_xml_refuse_at(p, "type", -EINVAL, "\"%s\" is not pci",
					type ? wr_shown(type, shown) : "");
	address->pci = calloc(1, 20);
	return address->pci ? wr_xml_pci_read(p, address->pci) : wr_nomem(p->err);
}

static void write_address(const void *obj, struct wr_xml_out *out)
{
	const struct weir_forward_address *address = obj;

	wr_xml_indent(out);
	wr_str_puts(&out->str, "<address type='pci'");
	wr_xml_pci_write(address->pci ? address->pci : "", &out->str);
	wr_str_puts(&out->str, "/>\n");
}

static const struct wr_xml_element address = { .read = read_address, .write = write_address };

static const struct wr_xml_row pf_rows[] = {
	WR_XML_ROW_ATTR("dev", .member = "pf", .flags = WR_XML_REQUIRED),
};
static const struct wr_xml_element pf = { WR_XML_ROWS(pf_rows) };

static int compare(const void *a, const void *b)
{
	return strcmp(*(char *const *)a, *(char *const *)b);
}

/* A name that is there twice; sorted, because comparing each with each takes too long. */
static int refuse_twice(const struct wr_xml_place *p, const void *items, size_t n)
{
	const char **names = n ? malloc(n * sizeof(*names)) : NULL;
	const char *twice = NULL;
	char shown[WR_SHOWN];

	if (n && !names)
		return wr_nomem(p->err);
	/* Both kinds of items are a struct with one string in it. */
	if (n)
		memcpy(names, items, n * sizeof(*names));
	if (n)
		qsort(names, n, sizeof(*names), compare);
	for (size_t i = 1; i < n && !twice; i++)
		twice = strcmp(names[i - 1], names[i]) ? NULL : names[i];
	free(names);
	return twice ? wr_xml_refuse(p, -EINVAL, "%s is there twice", wr_shown(twice, shown)) : 0;
}

static void drop(struct weir_forward *f, bool interfaces, bool addresses, bool pf_too)
{
	for (size_t i = 0; addresses && i < f->n_addresses; i++)
		free(f->addresses[i].pci);
	if (addresses) {
		free(wr_take(f->addresses));
		f->n_addresses = 0;
	}
	for (size_t i = 0; interfaces && i < f->n_interfaces; i++)
		free(f->interfaces[i].dev);
	if (interfaces) {
		free(wr_take(f->interfaces));
		f->n_interfaces = 0;
	}
	if (pf_too)
		free(wr_take(f->pf));
}

/* dev='eth0' says the first interface, whether it is listed or not. */
static int take_dev(const struct wr_xml_place *p, struct weir_forward *f)
{
	wr_auto(free) char *dev = NULL;
	int r = wr_xml_attr(p, "dev", &dev);

	if (r || !dev || !*dev)
		return r;
	if (f->n_addresses || f->pf)
		return wr_xml_refuse_at(p, "dev", -EINVAL,
					"is there, and so is an <address> or <pf>");
	if (f->n_interfaces)
		return strcmp(dev, f->interfaces[0].dev) ?
			       wr_xml_refuse_at(p, "dev", -EINVAL, "is not the first <interface>") :
			       0;
	f->interfaces = calloc(1, sizeof(*f->interfaces));
	if (!f->interfaces)
		return wr_nomem(p->err);
	f->n_interfaces = 1;
	f->interfaces[0].dev = wr_take(dev);
	return 0;
}

/* Of several kinds of pools the first one counts, and without a word about the others. */
static int check_forward(const struct wr_xml_place *p, void *obj)
{
	struct weir_forward *f = obj;
	struct wr_xml_place nat_at = wr_xml_at_child(p, "nat");
	int r = take_dev(p, f);

	if (!wr_xml_says(p, "mode"))
		f->mode = WEIR_FORWARD_NAT;
	if (!r && nat_at.node && f->mode != WEIR_FORWARD_NAT)
		return wr_xml_refuse(&nat_at, -EINVAL, "is for mode nat only");
	if (!r)
		r = refuse_twice(p, f->interfaces, f->n_interfaces);
	if (!r)
		r = refuse_twice(p, f->addresses, f->n_addresses);
	drop(f, false, f->n_interfaces, f->n_interfaces || f->n_addresses);
	if (f->mode != WEIR_FORWARD_HOSTDEV)
		f->managed = WEIR_ABSENT;
	if (f->mode == WEIR_FORWARD_ISOLATED) {
		drop(f, true, true, true);
		f->driver.name = WEIR_PCI_DRIVER_DEFAULT;
		free(wr_take(f->driver.model));
	}
	return r;
}

/* --- forward ----------------------------------------------------------------------------- */

static int read_mode(const struct wr_xml_place *p, void *obj, const char *text)
{
	struct weir_forward *f = obj;
	char shown[WR_SHOWN];

	for (size_t i = 0; i < WR_FORWARD_MODES; i++) {
		/* libvirt's word for isolated is none. */
		const char *name = wr_forward_modes[i].value ? wr_forward_modes[i].name : "none";

		if (!strcmp(text, name)) {
			f->mode = (uint8_t)wr_forward_modes[i].value;
			return 0;
		}
	}
	return wr_xml_refuse(p, -EINVAL, "\"%s\" is no mode", wr_shown(text, shown));
}

static bool write_dev(const void *obj, struct wr_str *text)
{
	const struct weir_forward *f = obj;

	if (!f->n_interfaces || f->pf || !f->interfaces[0].dev)
		return false;
	wr_str_puts(text, f->interfaces[0].dev);
	return true;
}

static int read_managed(const struct wr_xml_place *p, void *obj, const char *text)
{
	struct weir_forward *f = obj;

	f->managed = strcasecmp(text, "yes") ? WEIR_NO : WEIR_YES;
	return 0;
}

static bool write_managed(const void *obj, struct wr_str *text)
{
	const struct weir_forward *f = obj;

	wr_str_puts(text, f->managed == WEIR_YES ? "yes" : "no");
	return f->mode == WEIR_FORWARD_HOSTDEV;
}

/* The virtual functions of a PF are found when the network starts. */
static bool pool_is_shown(const void *obj, unsigned int flags)
{
	const struct weir_forward *f = obj;

	return !(f->pf && flags & WEIR_XML_INACTIVE);
}

static bool addresses_are_shown(const void *obj, unsigned int flags)
{
	const struct weir_forward *f = obj;

	return pool_is_shown(obj, flags) && !f->n_interfaces;
}

static const struct wr_xml_row forward_rows[] = {
	WR_XML_ROW_ATTR("dev", .flags = WR_XML_WRITE_ONLY, .write = write_dev),
	WR_XML_ROW_ATTR("mode", .read = read_mode),
	WR_XML_ROW_ATTR("managed", .read = read_managed, .write = write_managed),
	WR_XML_ROW_CHILD("driver", &wr_xml_driver),
	WR_XML_ROW_CHILD("nat", &nat, .flags = WR_XML_ONCE),
	WR_XML_ROW_CHILD("pf", &pf, .member = "", .flags = WR_XML_ONCE),
	WR_XML_ROW_LIST("interface", "interfaces", &wr_xml_forward_interface,
			.when = pool_is_shown),
	WR_XML_ROW_LIST("address", "addresses", &address, .when = addresses_are_shown),
};
const struct wr_xml_element wr_xml_forward = { WR_XML_ROWS(forward_rows), .check = check_forward };
