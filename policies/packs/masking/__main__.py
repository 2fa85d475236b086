from policies.pulumi_adapter import serve_pack

serve_pack("masking")
